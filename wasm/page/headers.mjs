// The headers that the page is to be served with. The page works without them, except that a Content-Security-Policy in the
// document cannot keep others from framing it.

/** Nothing but the page's own files, and pictures that it draws; WebAssembly; and no string becomes script but by the two policies that are named. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types lit-html waxseal-service-worker",
].join("; ");

export const headers = {
  "Content-Security-Policy": `${contentSecurityPolicy}; frame-ancestors 'none'`,
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Permissions-Policy": "usb=(self), camera=(), microphone=(), geolocation=()",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  // The service worker keeps the files; whether there are newer ones is asked each time.
  "Cache-Control": "no-cache",
};
