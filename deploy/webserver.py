#!/opt/aml/bin/python
"""The image's `dagster-webserver`: Dagster's, with the same options, and the proxy's logins.

It replaces the one that Dagster installs, so that compose, Kubernetes and Dagster's Helm chart,
which call it by that name, all get it.
"""

from aml_assets.automation.webserver import main

if __name__ == "__main__":
    main()
