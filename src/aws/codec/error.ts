/** An error as AWS answers it: its code and message are part of the interface that clients match on. */
export class AwsError extends Error {
  readonly code: string;
  /** HTTP status; undefined takes the one that the service's schema gives for the code, else 400. */
  readonly status: number | undefined;
  /** Further members of a modelled error shape. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, options: { status?: number; details?: Record<string, unknown> } = {}) {
    super(message);
    this.name = 'AwsError';
    this.code = code;
    this.status = options.status;
    this.details = options.details ?? {};
  }
}
