// Serves a feed from NestJS: GET /events is the stream, POST /events publishes.
import { Body, Controller, Get, Module, Post, Req, Res } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Broadcaster } from "tidings";
import { toNodeListener } from "tidings/node";

const feed = new Broadcaster({ onClose: () => console.log(`A client left, ${feed.size} are here`) });
const stream = toNodeListener((request) => feed.subscribe(request));

@Controller("events")
class EventsController {
  @Get()
  read(@Req() request: IncomingMessage, @Res() response: ServerResponse) {
    stream(request, response);
  }

  @Post()
  async write(@Body() data: unknown) {
    return { id: await feed.publish({ event: "note", data }) };
  }
}

@Module({ controllers: [EventsController] })
class AppModule {
  async beforeApplicationShutdown() {
    await feed.close({ retry: 1000 }); // first, for Nest waits for every stream
  }
}

const app = await NestFactory.create(AppModule);
app.enableShutdownHooks(); // SIGTERM ends it
await app.listen(process.env.PORT ?? 3000);
