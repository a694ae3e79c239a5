export const TUNE_HELP = `Usage: crossover tune start --route ROUTE --dataset FOLDER|FILE.jsonl [OPTIONS]
       crossover tune list [--route ROUTE] [--limit NUMBER]
       crossover tune show ID
       crossover tune follow ID
       crossover tune cancel ID [--yes]
       crossover tune resume ID [--detach]
       crossover tune register ID --address URL|MODEL [--model NAME] [--variant NAME] [--detach]
       crossover tune delete ID [--yes] [--forget]
       crossover tune script ID [--out FILE [--force]]
       crossover tune deployments [--provider NAME]
       crossover tune scale --provider NAME DEPLOYMENT CAPACITY
       crossover tune undeploy --provider NAME DEPLOYMENT [--yes]

\`start\` has a model fine-tuned on a data set, deploys it where its provider needs that, compares it with the prompted
variant, and registers it as a variant. It tells what it takes before, and asks. Nothing is routed to the variant by
itself. No gateway needs to run; one that runs on the same store goes on where this command ends.
  --route       the route that the model is for
  --dataset     the folder that \`crossover dataset build\` wrote, or a file
  --validation  a file that is to measure what was learned. Default: the folder's own
  --provider    one of the configuration's providers, or its kind. Default: \`tuning.provider\`, else the control's
  --base        the model to train: one of the configuration's, or the provider's name. Default: the control's
  --control     the variant to compare with. Default: the route's first one with a prompt
  --variant, --model   names of what comes out. Default: made of the route and the job's id
  --epochs, --batch-size, --learning-rate-multiplier   Default, and with auto: the provider's choice
  --suffix      a part of the tuned model's name at the provider: up to 64 letters, digits, _ and -; at Azure 40
  --seed        the same seed trains alike, where the provider can
  --price       USD per million trained tokens. Default: the list price, where one is known
  --force       train what was trained before
  --dry-run     tell what it takes, and begin nothing
  --yes         begin without a question. Without a terminal it is needed
  --detach      begin, and leave the work to a gateway or to \`follow\`
\`follow\` works on a job too, and shows how far it is: on a terminal with a bar and its losses, elsewhere line by line.
Control-C ends that, not the job. Exit code 0: it succeeded, 1: it failed, is cancelled or waits for you.
\`cancel\` ends a job, at its provider too. \`resume\` goes on with a job that waits for you, where it was. \`register\` does
so with the comparison: give the URL, deployment or model that answers, such as one that you trained and deployed by hand, and
\`--model\`, \`--variant\` where the names of what comes out are taken by now. \`script\` prints the training script of a job for Hugging Face.
\`delete\` deletes a job that has ended or waits for you, with all copies of its data set: its folder, what was uploaded, and
its comparison. Model and deployment stay. Exit code 1: something can't be deleted at the provider or on another machine, so that
nothing is deleted here; it can be tried again, and \`--forget\` deletes what is here all the same.
\`deployments\` lists what is deployed; what costs by the hour and had no request for a day is IDLE. \`scale\` sets a
deployment's capacity, in thousands of tokens a minute or replicas; \`undeploy\` deletes it.
  --json        print jobs or deployments as the admin API does
  --config      the configuration
`;
