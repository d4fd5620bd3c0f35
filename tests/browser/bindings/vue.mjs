// A Vue app for the tests of the bindings: two components that show one stream.
import { createApp, h, ref } from "vue";
import { useEventStream } from "tidings/vue";
import { options } from "./options.mjs";

const Feed = {
  props: ["url"],
  setup(props) {
    const { state, value } = useEventStream(() => props.url, options);
    return () => h("output", `${state.value} ${value.value.join()}`);
  },
};

export const App = { props: ["url"], render: ({ url }) => h("div", [h(Feed, { url }), h(Feed, { url })]) };

let app;

export function mount(element, url) {
  const current = ref(url);
  globalThis.go = (next) => current.value = next;
  app = createApp({ render: () => h(App, { url: current.value }) });
  app.mount(element);
}

export const unmount = () => app.unmount();
