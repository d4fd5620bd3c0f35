// Reads the sources and does nothing with them: what the bench itself costs.
export function open() {
  return {
    start(_id, source) {
      void (async () => {
        for await (const _ of source);
      })();
    },
  };
}
