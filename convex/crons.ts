/** Scheduled jobs of the deployment. */
import { cronJobs } from "convex/server";
import { internal } from "./_generated/api";

const crons = cronJobs();
crons.daily("delete old runs and logs", { hourUTC: 3, minuteUTC: 30 }, internal.cleanup.sweep, {});
export default crons;
