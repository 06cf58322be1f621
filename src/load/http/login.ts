import { answerChallenge, parseChallenge } from './digest.ts';
import type { Exchange } from './exchange.ts';
import { NtlmLogin } from './ntlm.ts';

/** Says who asks only to a server that wants to know, over the requests that this takes. */
export interface Login {
  /** Value of Authorization for the next request. */
  readonly authorization: string | undefined;
  /** Whether there is an answer to what a server asks with 401. */
  mayAnswer(fields: string): boolean;
  /** Answers it; undefined when nothing is left to be said. */
  answer(exchange: Exchange): string | undefined;
  /** Whether the status was to be expected at this stage; undefined where that is for the request's callback to say. Once for each answer. */
  expects(status: number): boolean | undefined;
}

export function loginOf(auth: 'digest' | 'ntlm', credentials: string): Login {
  const [, user = '', password = ''] = /^([^:]*):?(.*)$/s.exec(credentials) ?? [];
  return auth === 'digest' ? new DigestLogin(user, password) : new NtlmLogin(user, password);
}

class DigestLogin implements Login {
  authorization: string | undefined = undefined;
  readonly #user: string;
  readonly #password: string;
  #asked = 0;

  constructor(user: string, password: string) {
    this.#user = user;
    this.#password = password;
  }

  mayAnswer(fields: string): boolean {
    return this.authorization === undefined && parseChallenge(fields) !== undefined;
  }

  answer({ fields, method, target }: Exchange): string | undefined {
    const challenge = this.authorization === undefined ? parseChallenge(fields) : undefined;
    if (!challenge) return undefined;
    const request = { method, path: target.path, user: this.#user, password: this.#password };
    this.authorization = answerChallenge(challenge, request);
    return this.authorization;
  }

  /** The first answer is a challenge: anything else is a surprise, as in k6. */
  expects(status: number): boolean | undefined {
    return this.#asked++ === 0 ? status === 401 : undefined;
  }
}
