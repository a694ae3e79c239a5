import { existsSync } from "node:fs";
import { mkdir, mkdtemp, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { type CardFile, FileSum } from "../datasets/card.ts";

/** The set can't be built; the message says why. */
export class DatasetError extends Error {
  override readonly name = "DatasetError";
}

const CARD = "card.json";
const PIECE = 256 * 1024;

/** A folder of a data set that is being written. */
export interface DraftFolder {
  /** @throws DatasetError when there is more than `mostBytes` */
  writeLines(
    name: string,
    lines: Iterable<string>,
    options: { readonly start: string; readonly mostBytes: number | undefined },
  ): Promise<CardFile>;
  writeText(name: string, text: string): Promise<void>;
}

/**
 * Writes a data set's folder beside its place, and puts it there when it is whole. Only its owner can read it.
 * @param force replace the data set that is there
 * @throws DatasetError when the place is taken
 */
export async function writeFolder(
  path: string,
  force: boolean,
  write: (draft: DraftFolder) => Promise<void>,
): Promise<void> {
  const place = resolve(path);
  await checkPlace(place, path, force);
  await mkdir(dirname(place), { recursive: true });
  const draft = await mkdtemp(`${place}.draft-`);
  try {
    await write({
      writeLines: (name, lines, options) => writeLines(join(draft, name), name, lines, options),
      writeText: (name, text) => writeFile(join(draft, name), text, { mode: 0o600 }),
    });
    const old = `${draft}.old`;
    if (existsSync(place)) await rename(place, old);
    await rename(draft, place);
    await rm(old, { recursive: true, force: true });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** A folder that is no data set of ours is never replaced. */
async function checkPlace(place: string, shown: string, force: boolean): Promise<void> {
  if (!existsSync(place)) return;
  const names = await readdir(place).catch(() => {
    throw new DatasetError(`${shown} is no folder`);
  });
  if (names.length === 0) return;
  if (!names.includes(CARD))
    throw new DatasetError(`${shown} is there and is no data set: choose another folder`);
  if (!force) throw new DatasetError(`${shown} is there already: give --force to replace it`);
}

async function writeLines(
  path: string,
  name: string,
  lines: Iterable<string>,
  { start, mostBytes }: { readonly start: string; readonly mostBytes: number | undefined },
): Promise<CardFile> {
  const sum = new FileSum();
  const file = await open(path, "wx", 0o600);
  try {
    let rows = 0;
    let piece = start;
    const flush = async (): Promise<void> => {
      sum.add(piece);
      if (mostBytes !== undefined && sum.bytes > mostBytes)
        throw new DatasetError(
          `${name} would be larger than ${mostBytes} bytes, the most that the service takes: narrow the filters`,
        );
      await file.write(piece);
      piece = "";
    };
    for (const line of lines) {
      rows++;
      piece += `${line}\n`;
      if (piece.length > PIECE) await flush();
    }
    if (piece !== "") await flush();
    return sum.end(name, rows);
  } finally {
    await file.close();
  }
}
