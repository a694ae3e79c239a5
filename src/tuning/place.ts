import { createHash } from "node:crypto";
import type { TuningAccess } from "../domain/tuning.ts";

/**
 * Where models are trained, and after a slash where they are deployed, as far as the settings say: the hash of addresses, organization,
 * project, namespace and account. Another key of the same place is the same place.
 */
export function placeOf(access: TuningAccess): string {
  switch (access.api) {
    case "openai":
      return hashed(access.baseURL, access.organization, access.project);
    case "azure": {
      const { endpoint, management } = access;
      if (management === undefined) return hashed(endpoint);
      const { subscription, resourceGroup, account } = management;
      return `${hashed(endpoint)}/${hashed(management.endpoint, subscription, resourceGroup, account)}`;
    }
    case "huggingface":
      return hashed(access.hubURL, access.endpointsURL, access.namespace);
  }
}

/** What deploys may be configured after the training began, and taken away again. */
export function isSamePlace(a: string, b: string): boolean {
  const [[training, hosting], [otherTraining, otherHosting]] = [a.split("/"), b.split("/")];
  if (training !== otherTraining) return false;
  return hosting === undefined || otherHosting === undefined || hosting === otherHosting;
}

/** 128 bits. A slash at the end of an address makes no other place. */
function hashed(...parts: readonly (string | undefined)[]): string {
  const hash = createHash("sha256").update(
    JSON.stringify(parts.map((part = "") => part.replace(/\/+$/, ""))),
  );
  return hash.digest("hex").slice(0, 32);
}
