import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { answerBody } from "./sample.ts";

/** Writes an nginx configuration for one process in the foreground. @returns its command */
function nginx(folder: string, name: string, http: string): readonly string[] {
  const file = join(folder, `${name}.conf`);
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${join(folder, `${name}.pid`)}; error_log stderr;
worker_rlimit_nofile 16384;
events { worker_connections 16384; }
http {
  access_log off;
  keepalive_requests 1000000000; keepalive_timeout 600s;
  client_body_buffer_size 64k; client_max_body_size 10m;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `${kind}_temp_path ${join(folder, kind)};`).join(" ")}
  ${http}
}
`,
  );
  return ["nginx", "-p", folder, "-c", file];
}

/** A mock upstream with one fixed answer: cheap, so that the subject is what limits. */
export function staticUpstream(folder: string, port: number): readonly string[] {
  return nginx(
    folder,
    `upstream-${port}`,
    `server {
    listen 127.0.0.1:${port} backlog=4096; default_type application/json;
    location / { return 200 '${answerBody()}'; }
  }`,
  );
}

/** A proxy that does no more than pass requests on over kept connections, streams unbuffered. */
export function proxy(folder: string, port: number, upstreamPort: number): readonly string[] {
  return nginx(
    folder,
    `proxy-${port}`,
    `upstream model {
    server 127.0.0.1:${upstreamPort}; keepalive 256; keepalive_requests 1000000000; keepalive_timeout 600s;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://model; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_read_timeout 600s;
    }
  }`,
  );
}
