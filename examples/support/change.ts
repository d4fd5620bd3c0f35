/** Tells how many there are only when that has changed, so that a terminal is not filled with the same line for ever. */

/** A function to call as often as you like, which hands a number on if it is not the last one. It begins at 0. */
export function onChange(tell: (count: number) => void): (count: number) => void {
  let told = 0;
  return (count) => {
    if (count === told) return;
    told = count;
    tell(count);
  };
}
