// Type-checked against the installed package, with no runtime's types at hand.
import { Broadcaster, createSSEResponse, TidingsError, type TidingsErrorCode } from "tidings";

type Events = { price: { amount: number }; notice: string };
export const market: Broadcaster<Events> = new Broadcaster<Events>();
export const id: Promise<string> = market.publish({ event: "price", data: { amount: 1 } });

// @ts-expect-error: the data of a "price" is no string
market.publish({ event: "price", data: "1" });

export function handle(request: Request): Response {
  return createSSEResponse(request, async function* () {
    yield { data: "hello" };
  });
}

export function codeOf(error: unknown): TidingsErrorCode | undefined {
  return error instanceof TidingsError ? error.code : undefined;
}
