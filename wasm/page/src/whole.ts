// All of the package: see package.ts. Who imports this is loaded after it.
export * from "waxseal";
export { default } from "waxseal";
