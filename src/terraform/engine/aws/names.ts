import { systemClock } from '../../../base/index.ts';
import type { Arguments } from '../arguments.ts';

let made = 0;

/**
 * The name of what the configuration leaves unnamed, as Terraform's providers make them: a prefix, the time to a hundredth of a
 * microsecond in 18 digits, and a count in 8 hex digits. 26 characters after the prefix.
 */
export function nameOf(
  planned: Arguments,
  fallbackPrefix = 'terraform-',
  argument = 'name',
  prefixArgument = `${argument}_prefix`,
): string {
  const given = planned.text(argument);
  if (given !== undefined) return given;
  const time = new Date(systemClock.nowMs()).toISOString().replace(/\D/g, '').padEnd(18, '0');
  made++;
  return `${planned.text(prefixArgument) ?? fallbackPrefix}${time}${made.toString(16).padStart(8, '0')}`;
}
