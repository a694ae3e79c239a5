import { answerTextOf, finishReasonOf } from "../domain/answer.ts";
import type { Capture, CaptureContent, CaptureFacts, Recipe } from "../domain/capture.ts";
import { textOf } from "../domain/chat.ts";
import { memberOf } from "../domain/json.ts";
import type { Redactor } from "../domain/redactor.ts";
import type { Batch } from "../store/store.ts";
import { type Assembled, Assembler } from "../transport/assembler.ts";
import type { RawAnswer, RawBatch, RawCapture } from "./raw.ts";
import { type Redacted, redactJsonText, redactTexts } from "./redact-json.ts";

const LONGEST_CODE = 64;

/** A batch as it is stored. Takes time: not for the thread that serves requests. */
export function refineBatch({ captures, ...rest }: RawBatch, redactor: Redactor): Batch {
  return { captures: captures.map((raw) => refine(raw, redactor)), recipes: recipesOf(captures), ...rest };
}

/** Each of them once. The store may have them already, or may be a new one that has none. */
function recipesOf(captures: readonly RawCapture[]): readonly Recipe[] {
  return [...new Map(captures.map(({ recipe }) => [recipe.version, recipe])).values()];
}

/** A capture as it is stored: redacted, its stream put together. */
export function refine({ facts, content }: Omit<RawCapture, "recipe">, redactor: Redactor): Capture {
  if (content === undefined) return { ...refineFacts(facts, redactor), content: undefined };
  const request = redactJsonText(content.request, redactor);
  const { truncated, ...answer } = refineAnswer(content.answer, redactor);
  const code = memberOf(memberOf(answer.value, "error"), "code");
  const errorCode = facts.errorCode ?? (facts.status >= 400 && typeof code === "string" ? code : undefined);
  return {
    ...refineFacts({ ...facts, errorCode }, redactor),
    content: {
      request: request.text,
      query: queryIn(request.value),
      answer: answer.text,
      answerText: answerTextOf(answer.value),
      finishReason: finishReasonOf(answer.value),
      truncated,
    },
  };
}

/** What a client gave goes through the redactor; all else is the configuration's. */
function refineFacts(facts: CaptureFacts, redactor: Redactor): CaptureFacts {
  const { user, stickyKey, errorCode, metadata } = facts;
  const redact = (text: string | undefined): string | undefined => text && redactor.redact(text);
  return {
    ...facts,
    user: redact(user),
    stickyKey: redact(stickyKey),
    errorCode: redact(errorCode)?.slice(0, LONGEST_CODE),
    metadata: redactTexts(metadata, redactor),
  };
}

type RefinedAnswer = Pick<CaptureContent, "truncated"> & Partial<Redacted>;

function refineAnswer(raw: RawAnswer | undefined, redactor: Redactor): RefinedAnswer {
  if (raw === undefined || raw.text === "") return { truncated: raw?.truncated ?? false };
  const { text, stream, truncated } = raw;
  if (!stream) return { ...redactJsonText(text, redactor), truncated };
  const assembler = new Assembler();
  assembler.push(Buffer.from(text));
  const assembled = assembler.end();
  const whole = answerOf(assembled);
  if (whole === undefined) return { truncated };
  const value = redactor.redactJson(whole);
  return { value, text: JSON.stringify(value), truncated: truncated || assembled.truncated };
}

/** What a stream came to as one object: a completion, an error, or a completion that ended in an error. */
export function answerOf({ completion, error }: Assembled): Readonly<Record<string, unknown>> | undefined {
  if (error === undefined) return completion;
  return { ...completion, error };
}

/** The text of the last message of the user. */
function queryIn(request: unknown): string {
  const messages = memberOf(request, "messages");
  if (!Array.isArray(messages)) return "";
  return textOf(
    memberOf(
      messages.findLast((message: unknown) => memberOf(message, "role") === "user"),
      "content",
    ),
  );
}
