import protobuf from 'protobufjs';
import type { MethodDefinition } from './definitions.ts';

const { root } = protobuf.parse(
  `syntax = "proto3"; package grpc.health.v1;
  message HealthCheckRequest { string service = 1; }
  message HealthCheckResponse {
    enum ServingStatus { UNKNOWN = 0; SERVING = 1; NOT_SERVING = 2; SERVICE_UNKNOWN = 3; }
    ServingStatus status = 1; }`,
  { keepCase: true },
);
root.resolveAll();

export const healthCheckMethod: MethodDefinition = {
  path: '/grpc.health.v1.Health/Check',
  request: root.lookupType('grpc.health.v1.HealthCheckRequest'),
  response: root.lookupType('grpc.health.v1.HealthCheckResponse'),
  isClientStream: false,
  isServerStream: false,
};

export const healthStatus: Readonly<Record<string, number>> = root.lookupEnum('grpc.health.v1.HealthCheckResponse.ServingStatus').values;
