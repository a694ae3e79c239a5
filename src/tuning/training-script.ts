import type { TuningSpec } from "./job.ts";

/** What a training script is written for. */
export interface ScriptJob {
  /** Of our job. */
  readonly jobId: string;
  readonly spec: TuningSpec;
  /** User or organisation that owns the repositories; undefined: the token's own. */
  readonly namespace: string | undefined;
}

/** Where the data set, the script and then the model of a job are: one name for both repositories on the Hub. */
export function repositoryName(jobId: string): string {
  return `crossover-${jobId}`;
}

/** A file of a job as it is named in the repository of its data set. */
export function uploadName(jobId: string, file: string): string {
  return `crossover-${jobId}-${file}`;
}

/** What a line begins with that the script writes for the gateway. */
export const LINE_PREFIX = "crossover: ";

/** Passes over the rows, where the job says nothing of it. */
export const DEFAULT_EPOCHS = 3;
const DEFAULT_BATCH_SIZE = 16;
/** Usual for LoRA with AdamW: ten times what is usual for all weights. */
const DEFAULT_LEARNING_RATE = 2e-4;
const DEFAULT_SEED = 42;

/**
 * The Python script that trains a job's model with TRL, on Hugging Face Jobs or by hand with `uv run`. Equal for equal
 * jobs, and without secrets: it takes the token from HF_TOKEN.
 */
export function trainingScript({ jobId, spec, namespace }: ScriptJob): string {
  const { n_epochs, batch_size, learning_rate_multiplier } = spec.hyperparameters;
  const rate = DEFAULT_LEARNING_RATE * (learning_rate_multiplier ?? 1);
  const constants = [
    `BASE_MODEL = ${pythonText(spec.base_model)}`,
    `NAMESPACE = ${namespace === undefined ? "None  # the owner of the token" : pythonText(namespace)}`,
    `REPOSITORY = ${pythonText(repositoryName(jobId))}`,
    `TRAINING_FILE = ${pythonText(uploadName(jobId, spec.training.name))}`,
    `VALIDATION_FILE = ${spec.validation === null ? "None" : pythonText(uploadName(jobId, spec.validation.name))}`,
    `EPOCHS = ${n_epochs ?? DEFAULT_EPOCHS}`,
    `BATCH_SIZE = ${batch_size ?? DEFAULT_BATCH_SIZE}  # rows for one step`,
    `LEARNING_RATE = ${pythonNumber(rate)}`,
    `SEED = ${spec.seed ?? DEFAULT_SEED}`,
  ];
  return `${HEADER}\n${constants.join("\n")}\n${BODY}`;
}

/** JSON's strings are Python's too, with all their escapes. */
function pythonText(text: string): string {
  return JSON.stringify(text);
}

/** Without the noise of binary fractions: 0.0002 times 3 is 0.0006. */
function pythonNumber(value: number): string {
  return String(Number(value.toPrecision(12)));
}

const HEADER = `# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "trl==1.16.0",
#   "transformers==5.24.0",
#   "peft==0.21.2",
#   "torch>=2.8",
# ]
# ///
"""Fine-tunes a chat model on captured answers, and keeps it in a private repository on the Hub.

By hand:              HF_TOKEN=hf_... uv run THIS_FILE
On Hugging Face Jobs: hf jobs uv run --flavor a10g-small --timeout 4h --secrets HF_TOKEN THIS_FILE
"""

import json
import math
import time
from pathlib import Path

import torch
from datasets import Dataset
from huggingface_hub import HfApi, hf_hub_download
from peft import LoraConfig
from transformers import AutoTokenizer, TrainerCallback
from trl import SFTConfig, SFTTrainer
`;

const BODY = `MAX_TOKENS = 4096  # longer rows are left out: a cut answer would teach to stop early

api = HfApi()
repository = f"{NAMESPACE or api.whoami()['name']}/{REPOSITORY}"


def tell(**facts):
    """One line of JSON for the gateway, which follows the job by its log. JSON has no NaN and no infinity."""
    finite = {key: None if isinstance(fact, float) and not math.isfinite(fact) else fact for key, fact in facts.items()}
    print("${LINE_PREFIX}" + json.dumps(finite), flush=True)


# The model's repository comes first: a training whose result can't be kept is not begun.
api.create_repo(repository, private=True, exist_ok=True)
if not api.model_info(repository).private:
    raise SystemExit(f"{repository} is public. What was captured must not be: make it private.")


def read_rows(name):
    """A file beside this script (as on Hugging Face Jobs), in this folder, or in the data set's repository."""
    names = [name, name.removeprefix(REPOSITORY + "-")]  # the second one in the job's own folder
    places = [folder / one for folder in (Path(__file__).parent, Path()) for one in names]
    path = next((place for place in places if place.exists()), None)
    path = path or hf_hub_download(repository, name, repo_type="dataset")
    with open(path, encoding="utf-8-sig") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def as_templates_take_it(message):
    """Chat templates want the arguments of tool calls as objects, and know no weights."""
    message = {key: value for key, value in message.items() if key != "weight" and value is not None}
    calls = [dict(call, function=dict(call["function"])) for call in message.get("tool_calls", [])]
    for call in calls:
        if isinstance(call["function"].get("arguments"), str):
            call["function"]["arguments"] = json.loads(call["function"]["arguments"] or "{}")
    return {**message, **({"tool_calls": calls} if calls else {})}


tokenizer = AutoTokenizer.from_pretrained(BASE_MODEL)
if tokenizer.chat_template is None:
    raise SystemExit(f"{BASE_MODEL} has no chat template. Choose its instruction-tuned sibling.")
if tokenizer.pad_token is None:
    tokenizer.pad_token = tokenizer.eos_token


def tokens_of(messages, tools, **options):
    return tokenizer.apply_chat_template(messages, tools=tools, tokenize=True, return_dict=True, **options)["input_ids"]


def examples_of(row):
    """One example for each answer of the assistant, which alone counts for the loss (-100: does not count).

    The answer is told from its prompt by the model's own chat template, so any template will do. Tokens are made here
    and not by the trainer, as a table can't hold tools and arguments of many shapes without changing them.
    """
    messages = row["messages"] if "messages" in row else row["prompt"] + row["completion"]
    tools = row.get("tools")
    tools = json.loads(tools) if isinstance(tools, str) else tools
    plain = [as_templates_take_it(message) for message in messages]
    for end, message in enumerate(messages):
        taught = message["role"] == "assistant" and message.get("weight", 1) != 0
        if not taught or ("completion" in row and end < len(messages) - 1):
            continue
        prompt = tokens_of(plain[:end], tools, add_generation_prompt=True)
        whole = tokens_of(plain[: end + 1], tools)
        start = 0
        while start < min(len(prompt), len(whole)) and prompt[start] == whole[start]:
            start += 1
        if start < len(whole):
            yield {"input_ids": whole, "labels": [-100] * start + whole[start:]}


def load(name):
    rows = read_rows(name)
    examples = [example for row in rows for example in examples_of(row)]
    kept = [example for example in examples if len(example["input_ids"]) <= MAX_TOKENS]
    too_long = len(examples) - len(kept)
    print(f"{name}: {len(rows)} rows, {len(kept)} answers; {too_long} left out as too long", flush=True)
    if not kept:
        raise SystemExit(f"{name} has no answer to learn from.")
    return Dataset.from_list(kept)


class Reporter(TrainerCallback):
    """Tells of each logged step: the losses, how far it is, and when it should be done."""

    def on_train_begin(self, args, state, control, **_):
        self.began = time.time()
        tell(event="begin", step=state.global_step, steps=state.max_steps)

    def on_log(self, args, state, control, logs=None, **_):
        logs = logs or {}
        finish = None
        if state.global_step > 0:
            finish = self.began + (time.time() - self.began) * state.max_steps / state.global_step
        tell(
            event="log",
            step=state.global_step,
            steps=state.max_steps,
            loss=logs.get("loss"),
            eval_loss=logs.get("eval_loss"),
            tokens=logs.get("num_tokens"),
            finish=finish,
        )


training = load(TRAINING_FILE)
validation = load(VALIDATION_FILE) if VALIDATION_FILE else None
steps = max(1, len(training) * EPOCHS // BATCH_SIZE)
on_gpu = torch.cuda.is_available()
bf16 = on_gpu and torch.cuda.is_bf16_supported(including_emulation=False)  # older ones such as the T4 have none

trainer = SFTTrainer(
    model=BASE_MODEL,
    processing_class=tokenizer,
    train_dataset=training,
    eval_dataset=validation,
    # LoRA: small matrices beside the weights are trained in place of the weights, in a fraction of the memory.
    peft_config=LoraConfig(r=16, lora_alpha=32, lora_dropout=0.05, target_modules="all-linear", task_type="CAUSAL_LM"),
    callbacks=[Reporter()],
    args=SFTConfig(
        output_dir="output",
        num_train_epochs=EPOCHS,
        # One row at a time on the GPU; a step takes place after BATCH_SIZE of them.
        per_device_train_batch_size=1,
        per_device_eval_batch_size=1,
        gradient_accumulation_steps=BATCH_SIZE,
        learning_rate=LEARNING_RATE,
        lr_scheduler_type="cosine",
        warmup_steps=steps // 20,
        max_length=None,
        seed=SEED,
        # About 50 points for the loss curve, and 10 looks at the validation split.
        logging_first_step=True,
        logging_steps=max(1, steps // 50),
        eval_strategy="steps" if validation is not None else "no",
        eval_steps=max(1, steps // 10),
        # A job is one run on a machine that is gone afterwards: the model is kept below, checkpoints are not.
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        # The weights in 16 bits, as the model was made, or they would not fit; without a GPU, for a try, in 32.
        bf16=bf16,
        fp16=on_gpu and not bf16,
        model_init_kwargs={"dtype": "bfloat16" if bf16 else "float16" if on_gpu else "float32"},
    ),
)
trainer.train()
if validation is not None:
    trainer.evaluate()

# Merged into the weights, it is a model like any other, which vLLM and Inference Endpoints serve.
model = trainer.model.merge_and_unload()
model.push_to_hub(repository, private=True)
tokenizer.push_to_hub(repository, private=True)
tell(event="done", model=repository)
`;
