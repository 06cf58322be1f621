from locust import FastHttpUser, HttpUser, constant, task
import os


class Fast(FastHttpUser):
    wait_time = constant(float(os.environ.get("WAIT", "0")))

    @task
    def get(self):
        self.client.get("/")


class Plain(HttpUser):
    wait_time = constant(float(os.environ.get("WAIT", "0")))

    @task
    def get(self):
        self.client.get("/")
