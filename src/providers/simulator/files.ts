import {
  type FileRecord,
  fileRecord,
  listRecords,
  newAt,
  newId,
  nowSeconds,
  readRecord,
  writeRecord,
} from "./records.ts";
import { readText, type Shelf } from "./shelf.ts";

const FOLDER = "files";

/** Uploaded files. One past its time is gone. */
export class Files {
  readonly #shelf: Shelf;

  constructor(shelf: Shelf) {
    this.#shelf = shelf;
  }

  /** @param seconds after which it expires; undefined: never */
  async add(filename: string, content: Uint8Array, seconds: number | undefined): Promise<FileRecord> {
    const created = nowSeconds();
    const record: FileRecord = {
      at: newAt(),
      id: newId("file-"),
      bytes: content.byteLength,
      created_at: created,
      ...(seconds === undefined ? {} : { expires_at: created + seconds }),
      filename,
      purpose: "fine-tune",
    };
    // The record last: a file that is listed is whole.
    await this.#shelf.write(contentName(record.id), content);
    await writeRecord(this.#shelf, FOLDER, record);
    return record;
  }

  async find(id: string): Promise<FileRecord | undefined> {
    const record = await readRecord(this.#shelf, FOLDER, id, fileRecord);
    return record === undefined || isExpired(record) ? undefined : record;
  }

  /** Newest first. */
  async list(): Promise<readonly FileRecord[]> {
    const records = await listRecords(this.#shelf, FOLDER, fileRecord);
    return records.filter((record) => !isExpired(record));
  }

  async text(id: string): Promise<string | undefined> {
    return (await this.find(id)) === undefined ? undefined : readText(this.#shelf, contentName(id));
  }

  async remove(id: string): Promise<void> {
    await this.#shelf.remove(`${FOLDER}/${id}.json`);
    await this.#shelf.remove(contentName(id));
  }
}

const contentName = (id: string): string => `${FOLDER}/${id}.content`;

function isExpired({ expires_at: at }: FileRecord): boolean {
  return at !== undefined && at <= nowSeconds();
}
