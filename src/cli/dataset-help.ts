import { FORMATS } from "../datasets/format.ts";

export const BUILD_HELP = `Usage: crossover dataset build --route ROUTE --out FOLDER [OPTIONS]
       crossover dataset build --input FILE.jsonl --out FOLDER [OPTIONS]

Makes a training set of captures: the client's bare query in, the enriched path's answer out, or the reviewer's
\`correction\` instead. Cleans it step by step, splits it, and writes train.jsonl, validation.jsonl and a data card. The
same captures and options give the same bytes. Exit code 0: built, 1: not, such as for too few examples.

Which captures:
  --route, --variant, --prompt-version   of these only
  --path        enriched, bare or any. Default enriched
  --from, --to  a date, or a time such as 2027-01-31T18:00:00Z
  --feedback    NAME, NAME=VALUE or NAME>=NUMBER, such as thumbs=true or 'score>=4'
  --cached      also those that the response cache answered
  --store       URL of the store. Default: the configuration's
  --input       a file in OpenAI's chat format instead; its system messages stay

What is made of them:
  --for         the variant that is to be trained: its \`bare\` says what the client's messages keep, its model counts
  --model       the model that is to be trained, for its limit and its tokens
  --price       USD per million trained tokens. Default: OpenAI's list price
  --format      ${FORMATS.join(", ")}. Default openai
  --out, -o     the folder; --force replaces a data set that is there

Cleaning:
  --simulated       keep or drop the simulator's answers. Default: drop them where models answered too
  --keep-refusals   keep answers that refuse
  --pii             redact (default), drop the rows, or keep personal data; secrets are always redacted
  --conflicts       which answer to the same query stays: best (default), majority, latest, or drop all
  --near            Jaccard index from 0.5 to 1 from which rows are near duplicates, or off. Default 0.9
  --max-tokens      of an example. Default: what training the model takes
  --max-per-class   rows of each answer, where answers are labels

Split:
  --validation  share of the groups. Default 0.1
  --group-by    user (default), none or such as metadata.account: what never stands on both sides
  --seed        another seed draws others. Default 1

  --json        print the card and the warnings as JSON
  --config      the configuration
`;

export const VALIDATE_HELP = `Usage: crossover dataset validate FILE|FOLDER [--validation FILE] [--format FORMAT]
                                  [--model MODEL] [--epochs NUMBER] [--price USD] [--json]

Checks a fine-tuning file as the trainer would, and says what training on it takes.
Of a FOLDER that \`dataset build\` made, its train.jsonl and validation.jsonl. Exit code 0: no errors, 1: there are some.
  --validation  a second file, which is to measure what was learned: checked too, and compared with the first
  --format      openai, azure, trl-messages or trl-prompt-completion. Default openai
  --model       the model to be tuned, for its tokens, limit and price. Default gpt-4.1-mini
  --epochs      passes over the set. Default: OpenAI's own rule
  --price       USD per million trained tokens. Default: OpenAI's list price
  --json        print the report as JSON
`;

export const CONVERT_HELP = `Usage: crossover dataset convert FILE [--out FILE [--force]]

Writes a common chat set in the chat format, an example on each line: Alpaca's instruction, input and output,
Self-Instruct's instances, ShareGPT's conversations, prompt and completion. Reads JSONL or a JSON array.
Exit code 1: some rows could not be converted.
  --out    where to. Default: standard output
  --force  replace the file that is there
`;
