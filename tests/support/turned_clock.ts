/**
 * Gives the tests the library's own clock for tests.
 *
 * @module
 */

export { type TurnedClock, turnedClock } from "../../lib/testing/turned_clock.ts";
