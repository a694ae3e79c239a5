// Loaded into the gateway before its own code: SIGUSR2 lets the wall clock jump by an hour, there and back in turn.
const real = Date.now.bind(Date);
let shiftMs = 0;

Date.now = () => real() + shiftMs;
globalThis.Date = new Proxy(Date, {
  construct: (target, values) =>
    values.length === 0 ? new target(Date.now()) : Reflect.construct(target, values),
});
process.on("SIGUSR2", () => {
  shiftMs = shiftMs === 0 ? 3_600_000 : 0;
  process.stdout.write('{"level":"info","message":"the clock jumped"}\n');
});
