/** Clients that ask for a page one request after the other, and keep what went wrong. */
export interface Traffic {
  readonly failures: readonly string[];
  /** Bodies of the answers with status 200, and how often each came. */
  readonly answers: ReadonlyMap<string, number>;
  /** Resolves when the last request is done. */
  stop(): Promise<void>;
}

export function startTraffic(url: string, clients = 4, request: RequestInit = {}): Traffic {
  const failures: string[] = [];
  const answers = new Map<string, number>();
  const running = { on: true };
  const client = async (): Promise<void> => {
    while (running.on) {
      try {
        const answer = await fetch(url, request);
        const body = await answer.text();
        if (answer.status === 200) answers.set(body, (answers.get(body) ?? 0) + 1);
        else failures.push(`status ${answer.status}`);
      } catch (error) {
        failures.push(String((error as Error).cause ?? error));
      }
    }
  };
  const all = Array.from({ length: clients }, client);
  return {
    failures,
    answers,
    async stop() {
      running.on = false;
      await Promise.all(all);
    },
  };
}
