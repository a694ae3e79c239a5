import { describe, expect, test } from "vitest";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { type RawAnswer, sendRaw } from "./black-box.ts";

const TOKEN = "admin-token-of-the-test";

function ask({ url }: TestGateway, line: string, headers: readonly string[], body = ""): Promise<RawAnswer> {
  const { host } = new URL(url);
  const own = headers.some((header) => /^host:/i.test(header)) ? [] : [`Host: ${host}`];
  const length = body === "" ? [] : [`Content-Length: ${body.length}`];
  return sendRaw(
    url,
    `${[`${line} HTTP/1.1`, "Connection: close", ...own, ...headers, ...length].join("\r\n")}\r\n\r\n${body}`,
  );
}

const CREATE = "POST /admin/api/keys";
const JSON_TYPE = "Content-Type: application/json";

describe("a page of another site", () => {
  const foreign = [
    ["Origin: null"],
    ["Origin: https://evil.example"],
    ["Origin: http://localhost"], // another port of the same machine is another site
    ["Origin: file://"],
    ["Sec-Fetch-Site: cross-site"],
    ["Sec-Fetch-Site: same-site"],
    ["Sec-Fetch-Site: none", "Origin: null"],
  ];

  test("gets nothing of an open admin API, and changes nothing", async () => {
    const gateway = await startGateway(twoPaths("http://127.0.0.1:9"));
    for (const headers of foreign) {
      for (const line of ["GET /admin/api/config", "POST /admin/api/config/reload", CREATE]) {
        const body = line === CREATE ? '{"name": "evil"}' : "";
        const answer = await ask(gateway, line, [...headers, JSON_TYPE], body);
        expect([line, headers, answer.status]).toEqual([line, headers, 403]);
      }
    }
    expect(gateway.gateway.keys.list()).toEqual([]);
  });

  test("can send no body that is taken, whatever type it gives or leaves out", async () => {
    const gateway = await startGateway(twoPaths("http://127.0.0.1:9"));
    const types = [
      [],
      ["Content-Type: text/plain"],
      ["Content-Type: application/x-www-form-urlencoded"],
      ["Content-Type: multipart/form-data; boundary=x"],
      ["Content-Type: text/plain; application/json"],
    ];
    for (const headers of types)
      expect([headers, (await ask(gateway, CREATE, headers, '{"name": "evil"}')).status]).toEqual([
        headers,
        415,
      ]);
    expect(gateway.gateway.keys.list()).toEqual([]);
  });
});

test("the gateway's own page and the machine's own programs use an open admin API", async () => {
  const gateway = await startGateway(twoPaths("http://127.0.0.1:9"));
  const { origin } = new URL(gateway.url);
  const own = [[], [`Origin: ${origin}`, "Sec-Fetch-Site: same-origin"], ["Sec-Fetch-Site: none"]];
  for (const headers of own) {
    expect((await ask(gateway, "GET /admin/api/config", headers)).status).toBe(200);
    expect((await ask(gateway, "POST /admin/api/config/reload", headers)).status).toBe(200);
  }
  expect((await ask(gateway, CREATE, [JSON_TYPE], '{"name": "app"}')).status).toBe(201);
});

describe("a browser that was given the token as a password", () => {
  const server = { port: 0, adminToken: TOKEN };
  const basic = (text: string): string => `Authorization: Basic ${Buffer.from(text).toString("base64")}`;
  const start = (): Promise<TestGateway> => startGateway({ ...twoPaths("http://127.0.0.1:9"), server });

  test("is asked for it where it wants a page, and nobody else is", async () => {
    const gateway = await start();
    const page = await ask(gateway, "GET /admin/api/config", ["Accept: text/html,*/*;q=0.8"]);
    expect([page.status, page.headers.get("www-authenticate")]).toEqual([
      401,
      'Basic realm="Crossover", charset="UTF-8"',
    ]);
    const other = await ask(gateway, "GET /admin/api/config", ["Accept: */*"]);
    expect([other.status, other.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
  });

  test("comes in with the right one, under whatever name, and with no other", async () => {
    const keys = {
      app: { secret: "data-key-of-the-test" },
      boss: { secret: "boss-key-of-the-test", admin: true },
    };
    const gateway = await startGateway({ ...twoPaths("http://127.0.0.1:9"), server, keys });
    const statuses = [];
    for (const text of [
      `:${TOKEN}`,
      `admin:${TOKEN}`,
      "admin:boss-key-of-the-test",
      "admin:data-key-of-the-test",
      "admin:wrong",
      `admin:${TOKEN}x`,
      `admin:Bearer ${TOKEN}`,
      "admin:",
      "admin",
      "",
    ])
      statuses.push((await ask(gateway, "GET /admin/api/config", [basic(text)])).status);
    expect(statuses).toEqual([200, 200, 200, 403, 401, 401, 401, 401, 401, 401]);
  });

  test("does nothing for pages of other sites, though it sends the password with them", async () => {
    const gateway = await start();
    const { host } = new URL(gateway.url);
    const foreign = [
      ["Origin: null"],
      ["Origin: https://evil.example"],
      [`Origin: http://${host}.evil.example`],
      ["Origin: http://127.0.0.1"],
      ["Sec-Fetch-Site: cross-site"],
      ["Sec-Fetch-Site: same-site"],
    ];
    for (const headers of foreign) {
      for (const line of ["GET /admin/api/config", "POST /admin/api/config/reload", CREATE]) {
        const body = line === CREATE ? '{"name": "evil"}' : "";
        const { status } = await ask(gateway, line, [...headers, basic(`:${TOKEN}`), JSON_TYPE], body);
        expect([line, headers, status]).toEqual([line, headers, 403]);
      }
    }
    expect(gateway.gateway.keys.list()).toEqual([]);
    for (const own of [
      [`Origin: http://${host}`],
      [`Origin: https://${host}`, "Sec-Fetch-Site: same-origin"],
    ])
      expect((await ask(gateway, "POST /admin/api/config/reload", [...own, basic(`:${TOKEN}`)])).status).toBe(
        200,
      );
  });
});

test("every answer below /admin has the security headers, errors too, and no other has", async () => {
  const server = { port: 0, adminToken: TOKEN };
  const gateway = await startGateway({ ...twoPaths("http://127.0.0.1:9"), server });
  const bearer = `Authorization: Bearer ${TOKEN}`;
  const answers = [
    await ask(gateway, "GET /admin/api/config", [bearer]),
    await ask(gateway, "GET /admin/api/config", []),
    await ask(gateway, "GET /admin/api/keys", [bearer]),
    await ask(gateway, CREATE, [bearer, JSON_TYPE], '{"name": "app"}'),
    await ask(gateway, CREATE, [bearer, JSON_TYPE], "{"),
    await ask(gateway, CREATE, [bearer], "{}"),
    await ask(gateway, "PUT /admin/api/keys", [bearer]),
    await ask(gateway, "GET /admin/api/nothing", [bearer]),
    await ask(gateway, "GET /admin/nothing", [bearer]),
    await ask(gateway, "GET /admin", []),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 401, 200, 201, 400, 415, 405, 404, 404, 401]);
  for (const { headers } of answers) {
    expect(headers.get("content-security-policy")).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    );
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("cache-control")).toBe("no-store");
    expect([...headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  }
  const other = await ask(gateway, "GET /health/live", []);
  expect(other.headers.has("content-security-policy")).toBe(false);
});

test("no way to write its address leads past the door", async () => {
  const server = { port: 0, adminToken: TOKEN };
  const gateway = await startGateway({ ...twoPaths("http://127.0.0.1:9"), server });
  const ways = [
    "/admin/api/keys",
    "/admin/api/keys?x=/health/live",
    "/admin/api/keys/",
    "//admin/api/keys",
    "/./admin/api/keys",
    "/v1/../admin/api/keys",
    "/v1/%2e%2e/admin/api/keys",
    "/admin%2Fapi/keys",
    "/admin%2fapi%2fkeys",
    "/%61dmin/api/keys",
    "/admin/%61pi/keys",
    "/ADMIN/api/keys",
    "/admin;x=1/api/keys",
    "/admin./api/keys",
    "/admin/api/keys;x=1",
    "/admin/api//keys",
    "/admin\\api\\keys",
    "/%c0%ae/admin/api/keys",
    "/health/live/..%2f..%2fadmin/api/keys",
    "http://127.0.0.1/admin/api/keys",
  ];
  for (const way of ways) {
    const { status, body } = await ask(gateway, `GET ${way}`, []);
    expect([way, [400, 401, 404].includes(status)]).toEqual([way, true]);
    expect(body).not.toContain('"object"');
    expect((await ask(gateway, `GET ${way}`, ["Authorization: Bearer wrong"])).status).toBe(status);
  }
});
