import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { errorText } from "../../src/cli/error-text.ts";
import { temporaryFiles } from "./command.ts";

function thrownBy(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}

/** As Node tells that something may not be done; a superuser may do all. */
function forbidden(syscall: string, path: string): Error {
  const message = `EACCES: permission denied, ${syscall} '${path}'`;
  return Object.assign(new Error(message), { code: "EACCES", syscall, path });
}

test("what is wrong with a file or a folder is told with its path and what to look at", () => {
  const file = temporaryFiles({ "a.txt": "" })("a.txt");
  expect(errorText(thrownBy(() => readFileSync(`${file}.none`)))).toBe(`there is no file ${file}.none`);
  const below = join(file, "folder");
  expect(errorText(thrownBy(() => mkdirSync(below)))).toBe(
    `the folder ${below} can't be made (ENOTDIR): look at the rights of the one above it`,
  );
  expect(errorText(forbidden("mkdir", "/data"))).toMatch(/^the folder \/data can't be made \(EACCES\): /);
  expect(errorText(forbidden("open", "/data/x"))).toBe(
    "/data/x can't be read or written (EACCES): look at its rights and its folder's",
  );
  expect(errorText(thrownBy(() => writeFileSync(join(file, ".."), "")))).toContain("EISDIR");
});
