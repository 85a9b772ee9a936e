// The calls of paird's local API that a product needs, in Node without a package:
//
//   node calls.mjs SOCKET status | token | publish TOPIC PAYLOAD | subscribe FILTER
//
// It exits with 0 after an answer 2xx and with 1 else.
import http from "node:http";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";

const [socketPath, what, topic, payload] = process.argv.slice(2);

// once makes a call and returns the answer, whose body is not read yet.
function once(method, path, body = "") {
  return new Promise((resolve, reject) => {
    http.request({ socketPath, method, path, agent: false, headers: { "Content-Length": Buffer.byteLength(body) } }, resolve)
      .on("error", reject)
      .end(body);
  });
}

async function text(answer) {
  let all = "";
  for await (const part of answer.setEncoding("utf8")) all += part;
  return all;
}

// call makes a call, and again while paird is busy.
async function call(method, path, body) {
  for (;;) {
    const answer = await once(method, path, body);
    if (answer.statusCode < 300) return answer;
    const refusal = await text(answer);
    if (answer.statusCode !== 503 || !answer.headers["retry-after"]) throw new Error(`${method} ${path}: ${answer.statusCode} ${refusal}`);
    await wait(1000 * answer.headers["retry-after"]);
  }
}

// subscribe prints messages, one on a line, and acknowledges each only then: one may come twice, none is lost.
async function subscribe(filter) {
  const stream = await call("GET", "/v1/messages?topic=" + encodeURIComponent(filter));
  for await (const line of createInterface({ input: stream })) {
    if (!line.startsWith("data: ")) continue; // a heartbeat
    const message = JSON.parse(line.slice("data: ".length));
    console.log(message.topic, Buffer.from(message.payload, "base64").toString());
    await call("POST", `/v1/messages/${message.seq}/ack`);
  }
  throw new Error("the stream ended, as it does when paird restarts");
}

const calls = {
  status: async () => console.log(await text(await call("GET", "/v1/status"))),
  token: async () => console.log(JSON.parse(await text(await call("GET", "/v1/token?min_ttl=60s"))).access_token),
  publish: () => call("POST", "/v1/publish?topic=" + encodeURIComponent(topic), payload),
  subscribe: () => subscribe(topic),
};

if (!Object.hasOwn(calls, what ?? "")) {
  console.error("usage: calls.mjs SOCKET status | token | publish TOPIC PAYLOAD | subscribe FILTER");
  process.exit(2);
}
try {
  await calls[what]();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
