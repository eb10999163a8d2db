import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "./app/app.css";
import { App } from "./app/app";
import { startSession } from "./core/api/session";
import { language } from "./core/language/language";
import { loadMessages } from "./core/language/messages";

const root = document.getElementById("root");
document.documentElement.lang = language;
// Pages show what the role of who is logged in allows.
await Promise.all([loadMessages(), startSession()]);
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
