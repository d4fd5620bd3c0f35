// What the components of all the apps ask for. It makes new functions each time, as a component does that is drawn.
export const options = () => ({
  initial: [],
  reduce: (numbers, { data }) => [...numbers, data.n],
  retry: { base: 50, max: 200 },
});
