import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "./app/app.css";
import { App } from "./app/app";
import { startSession } from "./core/api/session";

const root = document.getElementById("root");
await startSession(); // pages show what the role of who is logged in allows
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
