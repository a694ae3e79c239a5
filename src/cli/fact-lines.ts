/** What it is, and what is known of it. */
export type Fact = readonly [name: string, value: string];

/** Facts for a terminal: a line for each, the values under one another. */
export function factLines(facts: readonly Fact[]): readonly string[] {
  const width = Math.max(...facts.map(([name]) => name.length));
  return facts.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}
