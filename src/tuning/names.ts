import { ConfigError } from "../config/problem.ts";
import { badRequest, type GatewayError } from "../domain/errors.ts";
import { NAME, NAME_RULE } from "../domain/name.ts";
import type { Table } from "../domain/table.ts";
import { reaches } from "../routing/reach.ts";
import type { TunerDeps } from "./deps.ts";
import type { TuningJob, TuningSpec } from "./job.ts";
import { jobIn } from "./stored-job.ts";
import { ProviderProblem } from "./trainer.ts";

const PARTS = ["model", "variant"] as const;

/** Open jobs that are looked at. */
const OPEN = 1_000;

export interface NewNames {
  readonly model?: string | undefined;
  readonly variant?: string | undefined;
}

/** What a job makes, and under which names. */
interface Named {
  readonly jobId: string;
  readonly spec: TuningSpec;
  readonly fingerprint: string;
}

/**
 * What comes out must fit into the configuration, and must not be what another open job makes: that is found out before it is paid for.
 * @throws GatewayError 400, StoreError
 */
export async function requireNames(named: Named, deps: TunerDeps): Promise<void> {
  const { jobId, spec } = named;
  const table = deps.table();
  for (const part of PARTS)
    if (!NAME.test(spec[part])) throw badRequest("invalid_value", `\`${part}\`: ${NAME_RULE}.`, part);
  const part = takenPart(jobId, spec, table);
  if (part !== undefined) throw taken(part, spec[part]);
  if (spec.replaces && spec.validation === null) throw unmeasured(spec.variant);
  await requireNotUnderWay(named, deps);
  try {
    deps.registry.preview({
      model: {
        name: spec.model,
        provider: spec.provider,
        model: spec.base_model,
        baseModel: spec.base_model,
        datasetHash: spec.training.sha256,
        tuningJob: jobId,
        simulated: spec.simulated,
        hostingPerHour: undefined,
        trainingCost: undefined,
      },
      variant: { name: spec.variant, fallback: spec.control },
      replaces: spec.replaces,
    });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw badRequest("invalid_value", `The configuration would not take what comes out: ${error.message}`);
  }
}

/**
 * Is this variant there, and may a job of this route point it at its model? Only where the configuration says so, and only what
 * the route itself uses: another route's variant would answer as nobody has measured it.
 */
export function mayReplace(variant: string, route: string, { routes, variants, tuning }: Table): boolean {
  const own = routes.get(route);
  return tuning.replaceLive && variants.has(variant) && own !== undefined && reaches(own, variant);
}

/** Routes but this one that use a variant. */
export function otherRoutes(variant: string, route: string, { routes }: Table): readonly string[] {
  return [...routes].flatMap(([name, each]) => (name !== route && reaches(each, variant) ? [name] : []));
}

/** The job with other names for what it makes. What is left out stays. */
export function renamed(job: TuningJob, { model, variant }: NewNames, table: Table): TuningJob {
  const { spec } = job;
  const replaces = variant === undefined ? spec.replaces : mayReplace(variant, spec.route, table);
  return {
    ...job,
    spec: { ...spec, model: model ?? spec.model, variant: variant ?? spec.variant, replaces },
  };
}

/** What the job is to make and the configuration has by now, made by something else: a person gives other names. @throws ProviderProblem */
export function requireNamesLeft({ id, spec, remote }: TuningJob, table: Table): void {
  const part = takenPart(id, spec, table);
  if (part === undefined) return;
  const others = PARTS.map((each) => `--${each} NAME`).join(" ");
  throw new ProviderProblem({
    message: `The configuration has another ${part} \`${spec[part]}\` by now.`,
    hint: `Give other names: \`crossover tune register ${id} --address ${remote.address} ${others}\`. Nothing is trained again.`,
    raw: "",
    kind: "unsupported",
  });
}

function takenPart(
  jobId: string,
  spec: Pick<TuningSpec, "model" | "variant" | "replaces">,
  { models, variants }: Table,
): (typeof PARTS)[number] | undefined {
  const model = models.get(spec.model);
  if (model !== undefined && model.tuningJob !== jobId) return "model";
  const variant = variants.get(spec.variant);
  return variant === undefined || spec.replaces || variant.model.tuningJob === jobId ? undefined : "variant";
}

function taken(part: (typeof PARTS)[number], name: string): GatewayError {
  const hint =
    part === "variant" ? " `tuning.replaceLive` lets a job replace a variant that its route uses." : "";
  return badRequest(
    "name_taken",
    `The configuration has a ${part} \`${name}\` already: give another name.${hint}`,
    part,
  );
}

/** 400: there is nothing to compare on, and the model would be live. */
export function unmeasured(variant: string): GatewayError {
  return badRequest(
    "validation_needed",
    `\`${variant}\` is replaced only by a model that has been compared with the control: give a validation file with rows that are not trained on, or another \`variant\`.`,
    "variant",
  );
}

/** A job for the same model on the same data is another matter: it is refused as such. */
async function requireNotUnderWay({ jobId, spec, fingerprint }: Named, { store }: TunerDeps): Promise<void> {
  const open = await store.tuningJobs({ open: true, limit: OPEN });
  const others = open.filter((row) => row.id !== jobId && row.fingerprint !== fingerprint);
  for (const job of others.flatMap((row) => jobIn(row) ?? []))
    for (const part of PARTS)
      if (job.spec[part] === spec[part])
        throw badRequest(
          "name_taken",
          `The open job ${job.id} makes a ${part} \`${spec[part]}\`: give another name.`,
          part,
        );
}
