import { isList, isRecord, isSet, reveal, Unknown, type Value } from '../../language/index.ts';
import type { InstanceAddress } from '../address.ts';
import { configurationError, type Place } from '../diagnostics.ts';
import type { ResourceObject } from '../plan/types.ts';
import { isSame, isZero } from '../plan/values.ts';

/**
 * What was shown in the plan is what is done: values known then have to be the same now.
 * @throws DiagnosticsError
 */
export function assertAsPlanned(address: InstanceAddress, planned: ResourceObject, now: ResourceObject, place: Place): void {
  for (const [name, value] of Object.entries(planned)) {
    if (fits(reveal(value), now[name] ?? null)) continue;
    const detail = `When expanding the plan for ${address.toString()} to include new values learned so far during apply, an invalid new value for .${name} came up: it is not the one that was planned.\n\nValues that change from one evaluation to the next, such as those of timestamp(), cannot be known in a plan. Nothing was done to this resource; plan again.`;
    throw configurationError('Provider produced inconsistent final plan', detail, place.range, place);
  }
}

/** Whether a value is what was planned as far as that was known. */
function fits(planned: Value, now: Value): boolean {
  if (planned instanceof Unknown || isSame(planned, now) || (isZero(planned) && isZero(now))) return true;
  if (isList(planned) && isList(now)) {
    if (isSet(planned)) return now.every((item) => planned.some((other) => fits(other, item)));
    return planned.length === now.length && planned.every((item, index) => fits(item, now[index] ?? null));
  }
  if (!isRecord(planned) || !isRecord(now)) return false;
  return Object.keys({ ...planned, ...now }).every((key) => fits(planned[key] ?? null, now[key] ?? null));
}
