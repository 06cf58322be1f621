import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IAM, paginateListPolicies, paginateListRoles } from '@aws-sdk/client-iam';
import { SSM, paginateGetParametersByPath } from '@aws-sdk/client-ssm';
import { STS } from '@aws-sdk/client-sts';
import { start } from './support.ts';

const { client } = await start();
const iam = new IAM(client());

const document = (statement: object, Version = '2012-10-17'): string => JSON.stringify({ Version, Statement: statement });
const trust = document({ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' });
const reader = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::bucket/*' };

test('roles: created, changed, tagged, listed in pages by path, deleted once nothing hangs on them', async () => {
  for (let index = 0; index < 5; index++)
    await iam.createRole({
      RoleName: `app-${index}`,
      Path: '/app/',
      AssumeRolePolicyDocument: trust,
      Tags: [{ Key: 'n', Value: `${index}` }],
    });
  const names: (string | undefined)[] = [];
  for await (const page of paginateListRoles({ client: iam, pageSize: 2 }, { PathPrefix: '/app/' }))
    names.push(...page.Roles!.map(({ RoleName }) => RoleName));
  assert.deepEqual(names, ['app-0', 'app-1', 'app-2', 'app-3', 'app-4']);
  await iam.updateRole({ RoleName: 'app-0', Description: 'first', MaxSessionDuration: 7200 });
  await iam.tagRole({ RoleName: 'app-0', Tags: [{ Key: 'n', Value: 'zero' }] });
  const { Role } = await iam.getRole({ RoleName: 'app-0' });
  assert.deepEqual([Role!.Description, Role!.MaxSessionDuration, Role!.Tags], ['first', 7200, [{ Key: 'n', Value: 'zero' }]]);
  assert.match(Role!.RoleId!, /^AROA[A-Z2-7]{17}$/);
  await iam.untagRole({ RoleName: 'app-0', TagKeys: ['n'] });
  assert.deepEqual((await iam.listRoleTags({ RoleName: 'app-0' })).Tags, []);
  await iam.putRolePolicy({ RoleName: 'app-0', PolicyName: 'inline', PolicyDocument: document(reader) });
  await assert.rejects(iam.deleteRole({ RoleName: 'app-0' }), { name: 'DeleteConflictException' });
  await iam.deleteRolePolicy({ RoleName: 'app-0', PolicyName: 'inline' });
  for (const RoleName of names) await iam.deleteRole({ RoleName });
  await assert.rejects(iam.getRole({ RoleName: 'app-0' }), { name: 'NoSuchEntityException' });
});

test('policies: versions, tags, pages, and no way out while attached', async () => {
  const arns: string[] = [];
  for (let index = 0; index < 3; index++)
    arns.push((await iam.createPolicy({ PolicyName: `p-${index}`, Path: '/mine/', PolicyDocument: document(reader) })).Policy!.Arn!);
  const found: (string | undefined)[] = [];
  for await (const page of paginateListPolicies({ client: iam, pageSize: 2 }, { Scope: 'Local', PathPrefix: '/mine/' }))
    found.push(...page.Policies!.map(({ Arn }) => Arn));
  assert.deepEqual(found, arns);
  const [PolicyArn] = arns;
  await iam.createPolicyVersion({ PolicyArn, PolicyDocument: document({ ...reader, Effect: 'Deny' }), SetAsDefault: true });
  assert.equal((await iam.getPolicy({ PolicyArn })).Policy!.DefaultVersionId, 'v2');
  await iam.tagPolicy({ PolicyArn, Tags: [{ Key: 'a', Value: 'b' }] });
  assert.deepEqual((await iam.listPolicyTags({ PolicyArn })).Tags, [{ Key: 'a', Value: 'b' }]);
  await iam.createRole({ RoleName: 'holder', AssumeRolePolicyDocument: trust });
  await iam.attachRolePolicy({ RoleName: 'holder', PolicyArn });
  await assert.rejects(iam.deletePolicy({ PolicyArn }), { name: 'DeleteConflictException' });
  await iam.detachRolePolicy({ RoleName: 'holder', PolicyArn });
  await iam.deletePolicyVersion({ PolicyArn, VersionId: 'v1' });
  await iam.deletePolicy({ PolicyArn });
  await assert.rejects(iam.getPolicy({ PolicyArn }), { name: 'NoSuchEntityException' });
});

test('a document that is no policy is refused in the words of IAM', async () => {
  const refused: [string, RegExp][] = [
    ['not json', /^Syntax errors in policy\.$/],
    [document(reader, '2008-10-17'), /must be version 2012-10-17 or greater/],
    [document({ ...reader, Extra: 1 }), /^Syntax errors/],
    [document({ ...reader, Action: 'GetObject' }), /prefaced by a vendor/],
    [document({ ...reader, Action: 's3:Get:Object' }), /only one colon/],
    [document({ ...reader, Resource: 'bucket' }), /must be in ARN format or "\*"/],
    [document({ ...reader, Resource: 'arn:nowhere:s3:::bucket' }), /Partition "nowhere" is not valid/],
    [document({ ...reader, Resource: [] }), /must contain resources/],
    [document({ ...reader, Action: [] }), /must contain actions/],
    [document({ ...reader, Principal: '*' }), /should not specify a principal/],
    [document({ ...reader, Condition: { Maybe: { 'aws:a': 'b' } } }), /^Syntax errors/],
    [document({ ...reader, Condition: { DateLessThan: { 'aws:CurrentTime': 'soon' } } }), /legacy parsing/],
    [
      document([
        { ...reader, Sid: 'one' },
        { ...reader, Sid: 'one' },
      ]),
      /must be unique/,
    ],
  ];
  for (const [PolicyDocument, message] of refused)
    await assert.rejects(
      iam.createPolicy({ PolicyName: 'bad', PolicyDocument }),
      { name: 'MalformedPolicyDocumentException', message },
      PolicyDocument,
    );
  await iam.createRole({ RoleName: 'trusted', AssumeRolePolicyDocument: trust });
  const PolicyDocument = document({ Effect: 'Allow', Principal: '*', Action: 's3:GetObject' });
  await assert.rejects(iam.updateAssumeRolePolicy({ RoleName: 'trusted', PolicyDocument }), { message: /can only be sts:AssumeRole/ });
});

test('users: tagged, renamed with their keys, and gone once nothing hangs on them; a key tells who calls', async () => {
  const { User } = await iam.createUser({ UserName: 'ada', Path: '/team/', Tags: [{ Key: 'a', Value: 'b' }] });
  assert.match(User!.UserId!, /^AIDA[A-Z2-7]{17}$/);
  await assert.rejects(iam.createUser({ UserName: 'ada' }), { name: 'EntityAlreadyExistsException' });
  const { AccessKey } = await iam.createAccessKey({ UserName: 'ada' });
  const credentials = { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
  const sts = new STS({ ...client(), credentials });
  assert.deepEqual([(await sts.getCallerIdentity({})).Arn, (await sts.getCallerIdentity({})).UserId], [User!.Arn, User!.UserId]);
  await iam.updateUser({ UserName: 'ada', NewUserName: 'grace' });
  assert.equal((await new IAM({ ...client(), credentials }).getUser({})).User!.UserName, 'grace');
  await iam.createAccessKey({ UserName: 'grace' });
  await assert.rejects(iam.createAccessKey({ UserName: 'grace' }), { name: 'LimitExceededException' });
  const PolicyArn = 'arn:aws:iam::aws:policy/ReadOnlyAccess';
  await iam.attachUserPolicy({ UserName: 'grace', PolicyArn });
  assert.deepEqual((await iam.listEntitiesForPolicy({ PolicyArn })).PolicyUsers, [{ UserName: 'grace', UserId: User!.UserId }]);
  await assert.rejects(iam.deleteUser({ UserName: 'grace' }), { name: 'DeleteConflictException' });
  for (const { AccessKeyId } of (await iam.listAccessKeys({ UserName: 'grace' })).AccessKeyMetadata!)
    await iam.deleteAccessKey({ AccessKeyId });
  await iam.detachUserPolicy({ UserName: 'grace', PolicyArn });
  await iam.deleteUser({ UserName: 'grace' });
  await assert.rejects(iam.getUser({ UserName: 'grace' }), { name: 'NoSuchEntityException' });
});

test('an assumed role is who it says, in the account that its ARN names', async () => {
  const { Role } = await iam.createRole({ RoleName: 'assumed', AssumeRolePolicyDocument: trust });
  const sts = new STS(client());
  const { Credentials, AssumedRoleUser } = await sts.assumeRole({ RoleArn: Role!.Arn, RoleSessionName: 'me' });
  assert.equal(AssumedRoleUser!.AssumedRoleId, `${Role!.RoleId!}:me`);
  const credentials = { accessKeyId: Credentials!.AccessKeyId!, secretAccessKey: Credentials!.SecretAccessKey! };
  const identity = await new STS({ ...client(), credentials }).getCallerIdentity({});
  assert.deepEqual([identity.Arn, identity.UserId], ['arn:aws:sts::123456789012:assumed-role/assumed/me', `${Role!.RoleId!}:me`]);
  const elsewhere = await sts.assumeRole({ RoleArn: 'arn:aws:iam::111122223333:role/other', RoleSessionName: 'me' });
  assert.equal(elsewhere.AssumedRoleUser!.Arn, 'arn:aws:sts::111122223333:assumed-role/other/me');
  await assert.rejects(sts.assumeRole({ RoleArn: Role!.Arn, RoleSessionName: 'me', DurationSeconds: 60 }), { name: 'ValidationError' });
});

test('parameters: put, replaced only when asked, listed by path in pages, deleted', async () => {
  const ssm = new SSM(client());
  for (let index = 0; index < 3; index++) await ssm.putParameter({ Name: `/app/p${index}`, Value: `${index}`, Type: 'String' });
  await assert.rejects(ssm.putParameter({ Name: '/app/p0', Value: 'new', Type: 'String' }), { name: 'ParameterAlreadyExists' });
  assert.equal((await ssm.putParameter({ Name: '/app/p0', Value: 'new', Type: 'String', Overwrite: true })).Version, 2);
  const values: (string | undefined)[] = [];
  for await (const page of paginateGetParametersByPath({ client: ssm, pageSize: 2 }, { Path: '/app' }))
    values.push(...page.Parameters!.map(({ Value }) => Value));
  assert.deepEqual(values, ['new', '1', '2']);
  await ssm.deleteParameters({ Names: ['/app/p0', '/app/p1', '/app/p2'] });
  await assert.rejects(ssm.getParameter({ Name: '/app/p0' }), { name: 'ParameterNotFound' });
});
