/**
 * Keeps retries from multiplying the load of targets that all fail: over time they may be half as many as the
 * requests, which covers one dead target of two, and some hundred more at once, which covers the connections that
 * break when it dies. Every request puts half a token into the bucket, every retry takes one.
 */
export class RetryBudget {
  static readonly share = 0.5;
  static readonly tokensMax = 500;
  #tokens = RetryBudget.tokensMax;

  onRequest(): void {
    if (this.#tokens < RetryBudget.tokensMax) this.#tokens += RetryBudget.share;
  }

  take(): boolean {
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
