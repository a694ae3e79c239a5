import { messageOf } from "../domain/errors.ts";
import type { Rollout, WebhookSettings } from "../domain/rollout.ts";
import type { Redaction, RedisSettings, ServerSettings, StoreSettings } from "../domain/table.ts";
import type { Provider } from "../domain/tuning.ts";
import { newRedactor } from "../redaction/redactor.ts";
import type { ConfigPath } from "./problem.ts";
import type { RedactionConfig } from "./redaction-schema.ts";
import { linearPattern } from "./regex.ts";
import { redactorOf } from "./stored-redactor.ts";

/** What of the configuration holds secrets. */
interface SecretHolders {
  readonly providers: readonly Provider[];
  readonly server: ServerSettings;
  readonly redis: RedisSettings | undefined;
  readonly store: StoreSettings | undefined;
  readonly rollouts: readonly Pick<Rollout, "webhook">[];
}

/** Redactors that know the upstreams' keys and the server's tokens; of clients' keys only hashes are kept. */
export function compileRedaction(
  { pii = [], patterns = [] }: RedactionConfig = {},
  { providers, server, redis, store, rollouts }: SecretHolders,
  report: (path: ConfigPath, message: string) => void,
): Redaction {
  const tokens = [server.adminToken, server.metricsToken, passwordOf(redis?.url), passwordOf(store?.url)];
  const keys = providers.flatMap((provider) => provider.secrets);
  const webhooks = rollouts.flatMap(({ webhook }) => (webhook === undefined ? [] : secretsOf(webhook)));
  const secrets = [...new Set([...tokens.filter((token) => token !== undefined), ...keys, ...webhooks])];
  const usable = patterns.filter(({ match }, index) => {
    const problem = problemOf(match);
    if (problem !== undefined) report(["redaction", "patterns", index, "match"], problem);
    return problem === undefined;
  });
  const settings = { secrets, personal: pii, patterns: usable };
  return { secrets: newRedactor({ secrets }), stored: redactorOf(settings), settings };
}

function problemOf(pattern: string): string | undefined {
  try {
    const matchesNothing = linearPattern(pattern)("") !== undefined;
    return matchesNothing ? "the pattern matches an empty text: it would be found everywhere" : undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** Who knows the long parts of a webhook's address may send messages there. */
function secretsOf({ url, secret }: WebhookSettings): readonly string[] {
  const { username = "", pathname = "", search = "" } = URL.parse(url) ?? {};
  const parts = `${username}/${pathname}/${search}`.split(/[/?&=]/).filter(({ length }) => length >= 16);
  return [secret, passwordOf(url), ...parts].filter((part) => part !== undefined);
}

function passwordOf(url = ""): string | undefined {
  const password = URL.parse(url)?.password;
  if (!password) return undefined;
  try {
    return decodeURIComponent(password);
  } catch {
    return password; // a percent sign that encodes nothing
  }
}
