import { AwsError } from '../../codec/error.ts';

/** Checks what AWS checks before anything of a policy is evaluated: that it is a policy at all. */
export function checkPolicyDocument(document: string, kind: 'identity' | 'trust'): void {
  const malformed = (message: string): AwsError => new AwsError('MalformedPolicyDocument', message);
  let parsed: unknown;
  try {
    parsed = JSON.parse(document);
  } catch {
    throw malformed('Syntax errors in policy.');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw malformed('Syntax errors in policy.');
  const { Version: version, Statement: statement } = parsed as Record<string, unknown>;
  if (version !== undefined && version !== '2012-10-17' && version !== '2008-10-17') throw malformed('Syntax errors in policy.');
  if (statement === undefined) throw malformed('Syntax errors in policy.');
  for (const one of Array.isArray(statement) ? statement : [statement]) checkStatement(one, kind, malformed);
}

function checkStatement(statement: unknown, kind: 'identity' | 'trust', malformed: (message: string) => AwsError): void {
  if (typeof statement !== 'object' || statement === null) throw malformed('Syntax errors in policy.');
  const fields = statement as Record<string, unknown>;
  if (fields['Effect'] !== 'Allow' && fields['Effect'] !== 'Deny') throw malformed('Syntax errors in policy.');
  if (fields['Action'] === undefined && fields['NotAction'] === undefined) throw malformed('Policy statement must contain actions.');
  if (kind === 'trust') {
    if (fields['Resource'] !== undefined) throw malformed('Has prohibited field Resource.');
    return;
  }
  if (fields['Principal'] !== undefined || fields['NotPrincipal'] !== undefined)
    throw malformed('Policy document should not specify a principal.');
  if (fields['Resource'] === undefined && fields['NotResource'] === undefined) throw malformed('Policy statement must contain resources.');
}
