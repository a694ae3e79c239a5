import { type ChatRequest, isSystem } from "../domain/chat.ts";
import type { BareMode } from "../domain/table.ts";

/**
 * The request as a fine-tuned model needs it. `strip-system` drops the client's system messages, which
 * fine-tuning made superfluous, and nothing else; a conversation of system messages only stays whole.
 */
export function bare(request: ChatRequest, mode: BareMode): ChatRequest {
  switch (mode) {
    case "keep":
      return request;
    case "strip-system": {
      const messages = request.messages.filter((message) => !isSystem(message));
      return messages.length === 0 || messages.length === request.messages.length
        ? request
        : { ...request, messages };
    }
  }
}
