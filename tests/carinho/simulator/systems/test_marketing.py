"""Marketing: attributions, conversions, the audience by phone."""


def test_attribution_and_conversion_are_kept(call, simulator):
    call("POST", "/marketing/api/v1/attributions", {"lead_id": 1, "campaign": "natal"})
    call("POST", "/marketing/api/v1/conversions", {"lead_id": 1, "client_id": 7})
    records = simulator.state()["marketing"]["records"]
    assert records["attributions"] == [{"lead_id": 1, "campaign": "natal", "id": 1}]
    assert records["conversions"] == [{"lead_id": 1, "client_id": 7, "id": 1}]


def test_person_is_in_the_audience_once(call, simulator):
    for name in ("Rosa", "Rosa Lima"):
        assert call("PATCH", "/marketing/api/v1/audience/5511987654321", {"name": name}).status_code == 200
    assert simulator.state()["marketing"]["records"]["audience"] == [
        {"id": 1, "name": "Rosa Lima", "phone": "5511987654321"}
    ]


def test_audience_refuses_a_phone_of_another_shape(call):
    assert call("PATCH", "/marketing/api/v1/audience/11987654321", {}).status_code == 422
