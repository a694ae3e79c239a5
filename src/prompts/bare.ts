import { type ChatRequest, isSystem, type Message } from "../domain/chat.ts";
import type { BareMode } from "../domain/table.ts";

/**
 * The request as a fine-tuned model needs it. `strip-system` drops the client's system messages, which
 * fine-tuning made superfluous, and nothing else; a conversation of system messages only stays whole.
 */
export function bare(request: ChatRequest, mode: BareMode): ChatRequest {
  const messages = bareMessages(request.messages, mode);
  return messages === request.messages ? request : { ...request, messages };
}

/** The same for messages alone. @returns the same list when nothing is dropped */
export function bareMessages<M extends Pick<Message, "role">>(
  messages: readonly M[],
  mode: BareMode,
): readonly M[] {
  switch (mode) {
    case "keep":
      return messages;
    case "strip-system": {
      const rest = messages.filter((message) => !isSystem(message));
      return rest.length === 0 || rest.length === messages.length ? messages : rest;
    }
  }
}
