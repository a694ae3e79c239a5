import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const folder = join(import.meta.dirname, "../fixtures/redaction");

function read<T>(name: string, schema: z.ZodType<T>): T {
  return schema.parse(JSON.parse(readFileSync(join(folder, name), "utf8")));
}

const leaks = z.array(z.object({ file: z.string(), kind: z.enum(["tps", "fps"]), b64: z.string() }));

/** Why a row that the extraction calls a secret is none. */
const NO_SECRET: Readonly<Record<string, readonly number[]>> = {
  "the extraction cut the text off before the secret": [
    10, 11, 20, 25, 31, 214, 223, 249, 260, 261, 267, 268, 269, 270, 279, 283, 284, 285, 288, 289, 290, 293,
    297, 298,
  ],
  "Go source or a rule's description, not an example": [
    103, 104, 148, 152, 171, 172, 203, 204, 205, 206, 207, 208, 209, 210, 224, 226, 235, 236, 237, 238, 250,
    299, 300, 301, 302, 303, 304, 305, 306, 307, 308, 309, 310, 311, 312, 313, 314, 315, 316, 317, 318, 319,
    320, 321, 322, 323,
  ],
  "a stand-in of one letter or of words": [
    8, 9, 44, 70, 127, 149, 150, 161, 162, 166, 168, 175, 215, 216, 217, 228, 246, 262, 263, 264, 265, 271,
    272,
  ],
  "gitleaks has it among its examples of no secret": [
    98, 99, 100, 119, 120, 121, 122, 125, 128, 163, 164, 176, 177, 178, 196, 296,
  ],
  "an address of a page, a picture or a kind of account": [123, 273, 281, 282],
};
const noSecret = new Set(Object.values(NO_SECRET).flat());
/** Of these, texts that could be taken for a secret. */
const MISLEADING = [
  "a stand-in of one letter or of words",
  "gitleaks has it among its examples of no secret",
  "an address of a page, a picture or a kind of account",
];
const misleading = new Set(MISLEADING.flatMap((reason) => NO_SECRET[reason] ?? []));

export interface Sample {
  readonly text: string;
  /** Row in the file. */
  readonly row: number;
  /** The service, such as `github`. */
  readonly service: string;
}

const rows = read("gitleaks_samples.json", leaks).map((row, index) => ({
  ...row,
  sample: {
    row: index,
    text: Buffer.from(row.b64, "base64").toString("utf8"),
    service: row.file.replace(/\.go$/, ""),
  },
}));

/** Texts that hold a secret. */
export const LEAKS: readonly Sample[] = rows
  .filter(({ kind, sample }) => kind === "tps" && !noSecret.has(sample.row))
  .map(({ sample }) => sample);

/** Texts that look as if they held one. */
export const NO_LEAKS: readonly Sample[] = rows
  .filter(({ kind, sample }) => kind === "fps" || misleading.has(sample.row))
  .map(({ sample }) => sample);

const sentences = z.array(
  z.object({
    full_text: z.string(),
    spans: z.array(z.object({ entity_type: z.string(), entity_value: z.string() })),
  }),
);

export const SENTENCES = read("presidio_generated_small.json", sentences).map(({ full_text, spans }) => ({
  text: full_text,
  entities: spans.map(({ entity_type, entity_value }) => ({ type: entity_type, value: entity_value })),
}));
