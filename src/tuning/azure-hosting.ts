/**
 * USD an hour for a fine-tuned model, used or not, by the deployment's SKU in small letters, as Microsoft's page "Cost management
 * for fine-tuning" (azure-ai-docs, fine-tuning-cost-management.md) said on 2026-02-11. Of other SKUs it names no price: provisioned
 * throughput is billed by its units.
 */
const HOSTING: ReadonlyMap<string, number> = new Map([
  ["standard", 1.7],
  ["globalstandard", 1.7],
  ["developertier", 0],
]);

/**
 * USD an hour that a deployment of a fine-tuned model costs by the list price; undefined: not known.
 * @param sku such as GlobalStandard, in any case
 */
export function tunedHosting(sku: string): number | undefined {
  return HOSTING.get(sku.toLowerCase());
}

/** USD an hour of a model as it comes: none where tokens are paid for; undefined where units are, such as ProvisionedManaged. */
export function baseHosting(sku: string): number | undefined {
  return /(standard|batch)$/i.test(sku) ? 0 : undefined;
}

/** Is this a fine-tuned model's name at Azure, such as gpt-4o-mini-2024-07-18.ft-0e208cf33a6a466994aff31a08aba678? */
export function isTunedAtAzure(model: string): boolean {
  return model.includes(".ft-");
}
