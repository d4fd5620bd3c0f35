// A React app for the tests of the bindings: in strict mode, two components that show one stream.
import { createElement as h, StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { useEventStream } from "tidings/react";
import { options } from "./options.mjs";

function Feed({ url }) {
  const { state, value } = useEventStream(url, options());
  return h("output", null, `${state} ${value.join()}`);
}

export function App({ url }) {
  return h("div", null, h(Feed, { url }), h(Feed, { url }));
}

let root;

export function mount(element, url) {
  root = createRoot(element);
  const Outer = () => {
    const [current, go] = useState(url);
    globalThis.go = go;
    return h(App, { url: current });
  };
  root.render(h(StrictMode, null, h(Outer)));
}

export const unmount = () => root.unmount();
