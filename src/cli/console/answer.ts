import type { FastifyReply } from 'fastify';

/** Errors of the console look like those of AWS's JSON protocol, which it passes on. */
export function fail(reply: FastifyReply, status: number, code: string, message: string): FastifyReply {
  return reply.code(status).type('application/json').send({ __type: code, message });
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
