import type { Rule } from "./scanner.ts";

/** Nothing of a word before. */
const FRESH = "(?<![A-Za-z0-9])";

const WORD_END = /[^A-Za-z0-9_-]/g;
const BASE64_END = /[^A-Za-z0-9+/=_-]/g;
/** Starred keys, as errors quote them. */
const STARRED_END = /[^A-Za-z0-9_*-]/g;

/** Has it at least this many different characters? */
export function varied(found: string, least = 6): boolean {
  return new Set(found.toLowerCase()).size >= least;
}

function ifVaried(found: string): number {
  return varied(found) ? found.length : 0;
}

/** A key by its prefix and the characters after, which must vary: `ghp_xxxx` in an example is none. */
function key(starts: string, rest: string, until: RegExp = WORD_END, check: Rule["check"] = undefined): Rule {
  const prefix = new RegExp(`^(?:${starts})`);
  const first = /^\[(.+?)\]/.exec(starts)?.[1] ?? starts.charAt(0);
  return {
    kind: "api-key",
    first,
    starts: FRESH + starts,
    head: FRESH + starts + rest,
    check: check ?? ((found) => (rest === "" || varied(found.replace(prefix, "")) ? found.length : 0)),
    until,
  };
}

/** Names with dashes, such as `sk-learn-pipeline-steps`, have neither digits, nor stars, nor capitals. */
function ifNoWords(found: string): number {
  return /[0-9*]|[a-z][A-Z]/.test(found) ? found.length : 0;
}

/** Keys of models' providers. */
const MODEL_PROVIDERS: readonly Rule[] = [
  // OpenAI (sk-, sk-proj-), Anthropic (sk-ant-), OpenRouter (sk-or-), DeepSeek, LiteLLM, ours (sk-cx-).
  key("sk-", "[A-Za-z0-9_*-]{16,64}", STARRED_END, ifNoWords),
  key("hf_", "[A-Za-z0-9*]{16,64}", STARRED_END, ifNoWords),
  key("api_org_", "[A-Za-z0-9]{30}"),
  key("gsk_", "[A-Za-z0-9]{40}"),
  key("xai-", "[A-Za-z0-9]{40}"),
  key("r8_", "[A-Za-z0-9]{30}"),
  key("pplx-", "[A-Za-z0-9]{32}"),
  key("nvapi-", "[A-Za-z0-9_-]{40}"),
];

/** Keys of clouds, of services for code and of those for payment. */
const SERVICES: readonly Rule[] = [
  key("A(?:KIA|SIA|BIA|CCA|3T[A-Z0-9])", "[A-Z2-7]{16}(?![A-Za-z0-9])"),
  key("AIza", "[A-Za-z0-9_-]{33}"),
  key("GOCSPX-", "[A-Za-z0-9_-]{24}"),
  key("ya29\\.", "[A-Za-z0-9_-]{30}"),
  key("gh[pousr]_", "[A-Za-z0-9]{36}"),
  key("github_pat_", "[A-Za-z0-9_]{36}"),
  key("gl(?:pat|ptt|dt|rt|cbt|oas|soat|ft|imt|agent|ffct)-", "[A-Za-z0-9_.-]{20}", /[^A-Za-z0-9_.-]/g),
  key("GR1348941", "[A-Za-z0-9_-]{20}"),
  key("xox[abeoprs]-", "[0-9]{1,13}-[A-Za-z0-9-]{10}"),
  key("xoxe\\.xox[bp]-", "[0-9]-[A-Za-z0-9]{20}"),
  key("xapp-", "[0-9]-[A-Za-z0-9]{8,12}-[0-9]{6,14}-[A-Za-z0-9]{20}"),
  key("[srp]k_(?:test|live|prod)_", "[A-Za-z0-9]{10}"),
  key("whsec_", "[A-Za-z0-9+/]{24}", BASE64_END),
  key("sq0(?:atp|csp)-", "[A-Za-z0-9_-]{22}"),
  key("EAAA", "[A-Za-z0-9_-]{56}"),
  key("EAA[MC]", "[A-Za-z0-9]{80}"),
  key("npm_", "[A-Za-z0-9]{36}"),
  key("pypi-", "[A-Za-z0-9_-]{50}"),
  key("SG\\.", "[A-Za-z0-9_-]{16,24}\\.[A-Za-z0-9_-]{30}"),
  key("do[opr]_v1_", "[a-f0-9]{64}"),
  key("shp(?:at|ca|pa|ss)_", "[A-Fa-f0-9]{32}"),
  key("sntry[su]_", "[A-Za-z0-9=_+/]{40}", BASE64_END),
  key("glc_", "[A-Za-z0-9+/]{32}", BASE64_END),
  key("glsa_", "[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}"),
  key("ntn_", "[0-9]{11}[A-Za-z0-9]{35}"),
  key("dapi", "[a-f0-9]{32}"),
  key("dapi", "[A-Za-z0-9]{32}(?![A-Za-z0-9])"),
  key("fo1_", "[A-Za-z0-9_-]{43}"),
  key("fm[12][ar]?_", "[A-Za-z0-9+/]{40}", /[^A-Za-z0-9+/=_,-]/g),
  key("ico-", "[A-Za-z0-9]{32}(?![A-Za-z0-9])"),
  key("pnu_", "[A-Za-z0-9]{36}"),
  key("rdme_", "[A-Za-z0-9]{60}"),
  key("HRKU-", "[A-Za-z0-9_-]{36}"),
  key("hv[sb]\\.", "[A-Za-z0-9_-]{24}"),
  key("ops_eyJ", "[A-Za-z0-9+/]{40}", BASE64_END),
  key("A3-", "[A-Z0-9]{6}-[A-Z0-9]{6}-?[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}"),
  key("AKCp", "[A-Za-z0-9]{69}"),
  key("cmVmd", "[A-Za-z0-9]{59}"),
];

/** Keys that do not begin with a prefix. The mark by which they are found stands behind a run of fixed length. */
const MARKED: readonly Rule[] = [
  key("[A-Za-z0-9]{14}\\.atlasv1\\.", "[A-Za-z0-9_=-]{60}"),
  key("[0-9a-f]{32}-us[0-9]", "", WORD_END),
  key("[0-9]{15,16}\\|", "[A-Za-z0-9_-]{27}"),
  key("[0-9]{8,10}:A", "[A-Za-z0-9_-]{34}"),
  {
    kind: "api-key",
    first: "h",
    starts: "hooks\\.slack\\.com/",
    head: "(hooks\\.slack\\.com/(?:services|workflows|triggers)/)[A-Za-z0-9+/_-]{20}",
    check: ifVaried,
    until: /[^A-Za-z0-9+/_-]/g,
  },
];

const TOKENS: readonly Rule[] = [
  {
    kind: "token", // JSON Web Tokens
    first: "e",
    starts: "(?<![A-Za-z0-9_-])eyJ",
    head: "(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,400}\\.[A-Za-z0-9_-]{10}",
    until: /[^A-Za-z0-9_.-]|\.(?![A-Za-z0-9_-])/g,
  },
  {
    kind: "private-key",
    first: "-",
    starts: "-----BEGIN",
    head: "-----BEGIN[A-Z0-9 ]{0,32} PRIVATE KEY(?: BLOCK)?-----[\\s\\\\nr]{0,8}[A-Za-z0-9+/=:-]{8}",
    until: /[^A-Za-z0-9+/=\s\\:,-]|\\(?![nr\\])|-----END/g,
    closing: /-----END[A-Z0-9 ]{0,48}-----/y,
  },
];

/** Keys and tokens that can be told by their form alone. */
export const KEY_FORMS: readonly Rule[] = [...TOKENS, ...MODEL_PROVIDERS, ...SERVICES, ...MARKED];
