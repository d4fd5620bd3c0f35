// A Svelte app for the tests of the bindings: two components that show one stream.
import { mount as mountApp, unmount as unmountApp } from "svelte";
import App from "./App.svelte";

export { App };

let app;

export function mount(target, url) {
  app = mountApp(App, { target, props: { url } });
}

export const unmount = () => unmountApp(app);
