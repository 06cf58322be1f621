#!/bin/bash
# Runs once, as root, when the instance starts for the first time.
yum install -y httpd
echo '<!doctype html><title>Hello</title><h1>Hello from one server</h1>' > /var/www/html/index.html
systemctl enable --now httpd
