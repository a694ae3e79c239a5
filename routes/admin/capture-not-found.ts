import { GatewayError } from "../../src/domain/errors.ts";

export function captureNotFound(): GatewayError {
  return new GatewayError({
    status: 404,
    type: "invalid_request_error",
    code: "capture_not_found",
    message: "No capture of this id is kept.",
    param: "id",
  });
}
