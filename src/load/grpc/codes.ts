import { status } from '@grpc/grpc-js';

const names = status as unknown as Readonly<Record<number, string>>;
const { OK, CANCELLED, DEADLINE_EXCEEDED } = status as unknown as Readonly<Record<string, number>>;

/** `DEADLINE_EXCEEDED` → `DeadlineExceeded`. */
export function pascalCase(name: string): string {
  return name.toLowerCase().replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** What a status says; a deadline that passed here in k6's words, the same for all addresses. */
export function detailsText(code: number, details: string): string {
  return code === DEADLINE_EXCEEDED && details.startsWith('Deadline exceeded') ? 'context deadline exceeded' : details;
}

/** A status as Go names it. */
export function codeName(code: number): string {
  if (code === OK) return 'OK';
  return code === CANCELLED ? 'Canceled' : pascalCase(names[code] ?? `CODE(${code})`);
}
