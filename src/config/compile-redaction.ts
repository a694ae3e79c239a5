import type { Model, Redaction, RedisSettings, ServerSettings } from "../domain/table.ts";
import type { CustomPattern } from "../redaction/custom.ts";
import { newRedactor } from "../redaction/redactor.ts";
import { keysOf } from "./compile-model.ts";
import type { ConfigPath } from "./problem.ts";
import type { RedactionConfig } from "./redaction-schema.ts";
import { linearPattern } from "./regex.ts";

/** Redactors that know the upstreams' keys and the server's tokens; of clients' keys only hashes are kept. */
export function compileRedaction(
  { pii = [], patterns = [] }: RedactionConfig = {},
  models: readonly Model[],
  { adminToken, metricsToken }: ServerSettings,
  redis: RedisSettings | undefined,
  report: (path: ConfigPath, message: string) => void,
): Redaction {
  const tokens = [adminToken, metricsToken, passwordOf(redis)].filter((token) => token !== undefined);
  const known = [...new Set([...tokens, ...models.flatMap(({ target }) => keysOf(target))])];
  const own = patterns.flatMap(({ name, match }, index): CustomPattern[] => {
    const path = ["redaction", "patterns", index, "match"];
    try {
      const find = linearPattern(match);
      if (find("") === undefined) return [{ name, find }];
      report(path, "the pattern matches an empty text: it would be found everywhere");
    } catch (error) {
      report(path, error instanceof Error ? error.message : String(error));
    }
    return [];
  });
  return {
    secrets: newRedactor({ secrets: known }),
    stored: newRedactor({ secrets: known, personal: pii, patterns: own }),
  };
}

function passwordOf(redis: RedisSettings | undefined): string | undefined {
  const password = redis && URL.parse(redis.url)?.password;
  return password ? decodeURIComponent(password) : undefined;
}
