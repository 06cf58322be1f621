/**
 * Keeps retries from doubling the load of targets that already fail: they may be a fifth of the
 * requests, and always a few. Every request puts a fifth of a token into the bucket, every retry takes one.
 */
export class RetryBudget {
  static readonly share = 0.2;
  static readonly tokensMax = 100;
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
