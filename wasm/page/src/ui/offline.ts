// The service worker: registers it, and tells what became of it.

export type Offline = "unavailable" | "saving" | "ready" | "newer";

interface Policy {
  createScriptURL(url: string): string;
}
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): Policy;
}

/** Registers the service worker. `changed` is called with each new state; the returned function takes over a newer version. */
export function keepOffline(changed: (state: Offline) => void): () => void {
  let waiting: ServiceWorker | null = null;
  if (!("serviceWorker" in navigator)) {
    changed("unavailable");
    return () => undefined;
  }
  const container = navigator.serviceWorker;
  const hadOne = container.controller !== null;
  changed(hadOne ? "ready" : "saving");

  const follow = (worker: ServiceWorker | null): void => {
    worker?.addEventListener("statechange", () => {
      if (worker.state === "installed" && container.controller) {
        waiting = worker;
        changed("newer");
      } else if (worker.state === "activated") {
        changed("ready");
      }
    });
  };
  const register = async (): Promise<void> => {
    const registration = await container.register(scriptUrl("service-worker.js") as string);
    if (registration.waiting && container.controller) {
      waiting = registration.waiting;
      changed("newer");
    } else if (registration.active) {
      changed("ready");
    }
    follow(registration.installing);
    registration.addEventListener("updatefound", () => follow(registration.installing));
  };
  register().catch(() => changed(hadOne ? "ready" : "unavailable"));

  return () => {
    container.addEventListener("controllerchange", () => location.reload(), { once: true });
    waiting?.postMessage("take over");
  };
}

/** Trusted Types: this page makes no other script URL. */
function scriptUrl(url: string): string {
  const types = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes;
  const policy = types?.createPolicy("waxseal-service-worker", {
    createScriptURL: (asked) => {
      if (asked !== "service-worker.js") throw new TypeError(`${asked} is not the service worker`);
      return asked;
    },
  });
  return policy ? policy.createScriptURL(url) : url;
}
