import { confirmed } from "./confirm.ts";

/**
 * Asks whether to go on with what costs something or can't be taken back.
 * @param yes of --yes: nobody needs to be asked
 * @throws Error for a no, and where nobody can be asked
 */
export async function consent(question: string, yes: boolean): Promise<void> {
  if (yes) return;
  const answer = await confirmed(question);
  if (answer === undefined)
    throw new Error(`nobody can be asked here: give --yes to agree to this: ${question}`);
  if (!answer) throw new Error("nothing was done");
}
