import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

export interface Block {
  /** Page and line. */
  readonly where: string;
  readonly text: string;
}

/** The text of a page, by its path from the root. */
export function readPage(page: string): string {
  return readFileSync(join(root, page), "utf8");
}

/** The code blocks of a language in a page. */
export function codeBlocks(page: string, language: string): readonly Block[] {
  const text = readPage(page);
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map((match) => ({
    where: `${page}:${text.slice(0, match.index).split("\n").length}`,
    text: match[1] ?? "",
  }));
}
