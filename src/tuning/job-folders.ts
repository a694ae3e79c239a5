/** A folder for each job: its copy of the data set, its script, its results. */
export interface JobFolders {
  /** What is on this machine: of jobs, and of such that never began. */
  list(): Promise<readonly JobFolder[]>;
  /** Are the files of this job on this machine? */
  has(id: string): Promise<boolean>;
  /**
   * Copies files into the folder of a new job, whole or not at all.
   * @param files by their names there
   * @param mark are they to begin with a byte-order mark, where they don't yet?
   */
  create(id: string, files: ReadonlyMap<string, DataSource>, mark: boolean): Promise<void>;
  /** Deletes the folder of a job that did not begin. */
  remove(id: string): Promise<void>;
  /** The bytes of a part of a data set. @throws Error when it can't be read */
  read(source: DataSource): AsyncIterable<Uint8Array>;
  /** @throws Error when it is not there */
  open(id: string, name: string): Promise<Blob>;
  /** Puts a file in place whole. */
  write(id: string, name: string, text: string): Promise<void>;
  /** For people to read. */
  pathOf(id: string, name: string): string;
}

export interface JobFolder {
  readonly id: string;
  /** When a file came last, in milliseconds since 1970. */
  readonly at: number;
  /** Is there more in it than what the job began with? */
  readonly hasResults: boolean;
}

/** A part of a data set, wherever it is. */
export type DataSource =
  | {
      readonly kind: "file";
      readonly path: string;
      /** What whoever gave it calls it, to be told of it so; undefined: the path may be nobody's business. */
      readonly name?: string;
    }
  | { readonly kind: "text"; readonly text: string };
