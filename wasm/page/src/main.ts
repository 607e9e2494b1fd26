import { said } from "./ui/views";

async function start(): Promise<void> {
  try {
    await import("./ui/app");
  } catch (error) {
    const loading = document.querySelector(".loading");
    if (loading) loading.textContent = `The page cannot start: ${said(error)}`;
  }
}

void start();
