import { equal, isList, isRecord, Unknown, type Value } from '../../language/index.ts';

/** Both known, and alike. */
export function isSame(before: Value, after: Value): boolean {
  return before === after || (!(before instanceof Unknown) && !(after instanceof Unknown) && equal(before, after) === true);
}

/** What providers made with Terraform's older SDK cannot tell from null. */
export function isZero(value: Value): boolean {
  if (value === null || value === '' || value === 0 || value === false) return true;
  return isList(value) ? value.length === 0 : isRecord(value) && Object.keys(value).length === 0;
}
