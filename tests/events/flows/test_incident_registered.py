"""Something went wrong at a visit."""

from tests.events.flows.conftest import accept_sample, outline


def test_incident_is_noted_with_the_client_whose_visit_it_was(run):
    assert outline(accept_sample("incident.registered")) == {
        "find_client": ("operacao", ""),
        "add_history": ("crm", "find_client"),
    }
    ran = run("incident.registered", "add_history", earlier={"client_id": 204})
    assert ran.service.add_history.call_args.args == (204,)
    assert ran.service.add_history.call_args.kwargs["summary"] == "Ocorrência no atendimento: atraso."
